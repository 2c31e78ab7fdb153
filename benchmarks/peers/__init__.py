"""Other ways to build it, each as its own documentation teaches, doing the simple work only:
look the patient up by chat, store the message, update the patient, reply with three buttons."""
