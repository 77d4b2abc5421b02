"""The rules of translation, a family a file, as the operators of the graph are."""
