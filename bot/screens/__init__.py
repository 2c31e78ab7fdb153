"""One file a part of the room. A screen decides what is shown and done; the words are pages."""
