"""The practical tools as declared fields; filled records; what "complete" means."""
