"""Reports: the pivot of any list, on a page and as a file. Public modules: ``pivot``, ``export_endpoint``."""
