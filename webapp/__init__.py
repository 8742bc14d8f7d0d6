"""The work: what people do, what is kept, who may see it."""
