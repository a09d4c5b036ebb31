"""The cases themselves: code as learners write it, and the lesson text beside it."""
