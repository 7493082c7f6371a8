"""How runs come about and are looked after.

::

    schedule    a sentence such as 毎月1日 3:00 -> times
    scheduler   due sources, one process for all machines
    monitor     stage, speed, heartbeat, timeout and cancel of a run under way
    patience    which failures are worth another attempt, and when
    watch       a folder where staff drop files
    queue       the same runs on workers of many machines (RQ)
    digest      what happened, told by mail and webhook

:mod:`harvesters.runner` runs one source; everything here decides when and where, and tells about it.
"""
