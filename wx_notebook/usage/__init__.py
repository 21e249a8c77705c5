"""What prompts have cost in tokens, and the budgets that stop the next one."""
