"""What everything that regsync shows has in common: how text of strangers is written out, one style, one way to fill templates."""
