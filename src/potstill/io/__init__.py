"""What is read from a disk and written to it: checked, limited, and written as a whole or not at all."""
