"""The wizard of an import: upload, sheet, columns, check, result; its files and problems."""
