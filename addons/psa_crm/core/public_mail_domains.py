"""Mail domains in which anybody can get an address, and names under which registries sell domains."""

# Providers with an edition for many countries: the name stands directly below an ending (yahoo.fr, yahoo.co.jp).
PUBLIC_FAMILIES = frozenset({
    'aol', 'fastmail', 'gmail', 'gmx', 'googlemail', 'hotmail', 'icloud', 'mailinator', 'msn', 'outlook', 'protonmail',
    'rocketmail', 'tutanota', 'yahoo', 'yandex', 'ymail', 'yopmail',
})

# Second-level names of registries: nobody's own domain ends there (co.uk, com.au, org.nz).
REGISTRY_LABELS = frozenset({'ac', 'co', 'com', 'edu', 'gov', 'net', 'or', 'org'})

PUBLIC_MAIL_DOMAINS = frozenset({
    '10minutemail.com', '126.com', '139.com', '163.com', '189.cn', '21cn.com', 'abv.bg', 'aim.com', 'alice.it', 'aliceadsl.fr',
    'aliyun.com', 'aon.at', 'arcor.de', 'att.net', 'bbox.fr', 'bell.net', 'bellsouth.net', 'bigpond.com', 'bigpond.net.au',
    'bk.ru', 'bluewin.ch', 'blueyonder.co.uk', 'bol.com.br', 'btinternet.com', 'btopenworld.com', 'centrum.cz', 'charter.net',
    'chello.nl', 'club-internet.fr', 'comcast.net', 'cox.net', 'daum.net', 'dispostable.com', 'duck.com', 'earthlink.net',
    'eircom.net', 'email.com', 'email.cz', 'email.it', 'engineer.com', 'fastmail.fm', 'fibertel.com.ar', 'foxmail.com', 'free.fr',
    'freemail.hu', 'freenet.de', 'frontier.com', 'globo.com', 'grr.la', 'guerrillamail.com', 'hanmail.net', 'hey.com', 'home.nl',
    'hushmail.com', 'ig.com.br', 'iinet.net.au', 'in.com', 'inbox.com', 'inbox.lv', 'inbox.ru', 'inode.at', 'interia.pl',
    'internode.on.net', 'juno.com', 'kpnmail.nl', 'laposte.net', 'libero.it', 'list.ru', 'live.at', 'live.be', 'live.ca',
    'live.cn', 'live.co.uk', 'live.co.za', 'live.com', 'live.com.ar', 'live.com.au', 'live.com.mx', 'live.com.pt', 'live.com.sg',
    'live.de', 'live.dk', 'live.fr', 'live.ie', 'live.in', 'live.it', 'live.jp', 'live.nl', 'live.no', 'live.ru', 'live.se',
    'lycos.com', 'mac.com', 'mail.bg', 'mail.com', 'mail.de', 'mail.ee', 'mail.ru', 'mail2world.com', 'mailbox.org',
    'maildrop.cc', 'mailfence.com', 'me.com', 'mweb.co.za', 'nate.com', 'naver.com', 'netcourrier.com', 'netscape.net',
    'netzero.net', 'neuf.fr', 'ntlworld.com', 'numericable.fr', 'o2.co.uk', 'o2.pl', 'oi.com.br', 'onet.eu', 'onet.pl',
    'online.de', 'online.no', 'op.pl', 'optonline.net', 'optusnet.com.au', 'orange.fr', 'planet.nl', 'pm.me', 'poczta.onet.pl',
    'posteo.de', 'posteo.net', 'prodigy.net.mx', 'proton.me', 'qq.com', 'quicknet.nl', 'r7.com', 'rambler.ru', 'rediffmail.com',
    'rogers.com', 'runbox.com', 'sapo.pt', 'sbcglobal.net', 'scarlet.be', 'seznam.cz', 'sfr.fr', 'sharklasers.com', 'shaw.ca',
    'sina.cn', 'sina.com', 'sky.com', 'skynet.be', 'sohu.com', 'swbell.net', 'sympatico.ca', 't-online.de', 'talktalk.net',
    'teksavvy.com', 'telenet.be', 'telia.com', 'telus.net', 'temp-mail.org', 'terra.com.br', 'terra.es', 'tin.it',
    'tiscali.co.uk', 'tiscali.it', 'tom.com', 'tpg.com.au', 'trashmail.com', 'tuta.com', 'tuta.io', 'tutamail.com', 'ukr.net',
    'uol.com.br', 'usa.com', 'verizon.net', 'videotron.ca', 'vip.qq.com', 'virgilio.it', 'virgin.net', 'virginmedia.com',
    'vodafone.it', 'voila.fr', 'volny.cz', 'walla.co.il', 'wanadoo.fr', 'web.de', 'westnet.com.au', 'windowslive.com',
    'windstream.net', 'wp.pl', 'xs4all.nl', 'xtra.co.nz', 'ya.ru', 'yeah.net', 'ziggo.nl', 'zoho.com', 'zohomail.com',
    'zonnet.nl',
})
