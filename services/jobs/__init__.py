"""Jobs as people see them: whose they are, who may stop or repeat them, how long they are kept."""
