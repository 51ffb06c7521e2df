# States in which a share gives access, as far as its dates say so, and those in which it is not over.
RUNNING = ('accepted', 'active')
OPEN = ('offered', *RUNNING)
