"""The page of figures of each subject: what it says, and how it is put into Markdown and HTML."""
