"""What `./psa` is made of: one module per thing it looks after."""
