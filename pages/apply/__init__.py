"""Pages of an applicant without an account: the plain first step, the form in four steps, and where the application
stands."""
