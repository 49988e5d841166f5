import signal

# Started in the background of a script, we inherit an ignored SIGINT, and so would every process a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
