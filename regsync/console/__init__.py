"""What the commands share: options and arguments, the open backend, files to write, progress, how errors are shown."""
