"""Contents by their hash on the disk, pictures without hidden data, and the rights of files."""
