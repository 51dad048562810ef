"""How well a model serves as the assistant: everyday requests, and the tools they call for."""
