"""From predictions to a verdict. Reads only rows of predictions."""
