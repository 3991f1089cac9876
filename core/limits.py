"""Limits on the length of texts from outside, by the kind of text. Numbers are characters unless the name says else.

A text is measured before anything else is done with it: putting combining marks in order takes time with the square
of their number, a pattern may, and no other thread runs meanwhile. A longer text is refused; where only the
beginning matters, the rest is cut off first.

Constants only: the child process that reads foreign files imports this module too.
"""

# --- values that are stored ---
CODE_LENGTH_MAX = 64  # people type it and read it out on the phone
NAME_LENGTH_MAX = 200  # the longest registered company name has about 100
NOTE_LENGTH_MAX = 2_000  # a page; also addresses and reasons
EMAIL_LENGTH_MAX = NAME_LENGTH_MAX
PASSWORD_LENGTH_MAX = 128  # a long sentence; NIST asks for at least 64

# --- texts as people, programs and worksheets state them ---
STATED_LENGTH_MAX = 200  # a code, phone, number, day or choice with its spaces and signs; of any, the value has fewer
CELL_LENGTH_MAX = 32_767  # UTF-16 units, as Excel counts; it calls a file with a longer cell damaged
HEADING_LENGTH_MAX = 200  # with the remark in brackets that templates put behind a heading; beyond it is a note
POSITION_LENGTH_MAX = 2_000  # a pasted link of a map service
PASTED_LENGTH_MAX = 20_000  # an order pasted from a chat: 500 lines of 40
PASTED_LINE_LENGTH_MAX = 300  # one product of it: a SKU, a quantity, and the name people put between

# --- queries ---
SEARCH_LENGTH_MAX = 100  # a few words
FILTER_VALUE_LENGTH_MAX = 500  # a name, or several codes of one field

# --- forms and requests ---
FORM_TEXT_LENGTH_MAX = 2_000  # any field of the plain pages; what the field means is limited where it is checked
PARAMETER_LENGTH_MAX = 64_000  # of a query: a filter by 1,000 codes, and about what the server takes as an address
HEADER_LENGTH_MAX = 2_000  # a name of 200 Chinese characters, percent-encoded; a key of ours has 50

NORMALISED_LENGTH_MAX = 256  # the longest text that is ever put in a normal form: 0.1 ms at worst
