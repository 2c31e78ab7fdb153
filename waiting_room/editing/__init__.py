"""Words changed on the desk: a draft, how it will look, a second reader, live, and back again."""
