"""The watsonx.ai API of the sandbox: models, prompts, answers, embeddings, and the gateway."""
