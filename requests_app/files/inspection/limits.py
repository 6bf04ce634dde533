"""What one file may be, and what opening it may cost. Imports nothing that opens files: pages quote these figures."""

MEMORY_BYTES = 1_200_000_000  # addresses, of which an iPhone's largest photo takes half
CPU_SECONDS = 3  # of the processor, whatever the machine does meanwhile
MAX_PIXELS = 50_000_000  # a phone's largest photo; decoded, that is 150 MB
MAX_TILES = 1_000  # of which a HEIC photo is put together; a phone's largest has 200
MAX_PAGES = 60
MAX_PAGE_PIXELS = 150_000_000  # a letter page scanned at 1,200 dpi
MAX_STREAM_BYTES = 200_000_000  # of one stream, through every filter of its chain
MAX_INFLATED_BYTES = 500_000_000  # of all streams together
MAX_OBJECTS_BYTES = 50_000_000  # of one object stream, which holds text
