"""Products and prices per tier: saved from forms and worksheets, read as a catalogue for one tier and day."""
