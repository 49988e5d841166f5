"""People's files and uploads: OpenAI's Files and Uploads APIs over the store."""
