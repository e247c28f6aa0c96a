"""The one client of OpenAI-compatible endpoints, for embeddings and for chat.

`Endpoint` sends one request within its limits, `Sender` sends many patiently, and `EndpointFailure`
says what went wrong.
"""
