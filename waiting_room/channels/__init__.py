"""How the room speaks: each way out of the house behind one contract, and what sends through it."""
