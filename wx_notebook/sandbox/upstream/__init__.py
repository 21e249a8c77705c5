"""Answers from another server that speaks OpenAI's protocol, translated for our clients."""
