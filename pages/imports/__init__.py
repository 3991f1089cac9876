"""The import wizard: upload, sheet, columns, check, result; its downloads and problems."""
