"""Reading files of rows that people bring: any spreadsheet or text file, guarded; then checked, matched and applied."""
