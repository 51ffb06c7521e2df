{
    "name": "Bench: bare ticket",
    "summary": "The least a ticket on mail.thread can be: the floor the bench measures from",
    "version": "19.0.1.0.0",
    "category": "Hidden",
    "author": "PSA Suite contributors",
    "license": "LGPL-3",
    "depends": ["mail"],
    "data": [
        "security/ir.model.access.csv",
        "security/bench_bare_security.xml",
    ],
    "installable": True,
}
