"""Figures and the one-file HTML page. Reads only what evaluation wrote."""
