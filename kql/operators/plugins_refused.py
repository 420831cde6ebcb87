"""Plugins that this engine does not offer, each with its reason."""

from __future__ import annotations

from kql.operators.evaluate import refused

refused(
    "the service does not publish how its windows meet",
    "activity_engagement", "new_activity_metrics", "session_count", "funnel_sequence", "funnel_sequence_completion",
    "sequence_detect",
)  # fmt: skip
refused("it is for Kusto's own use", "identity", "identity_v3", "estimate_rows_count", "external_datatable")
refused(
    "it is a learned model whose details the service does not publish",
    "autocluster", "basket", "diffpatterns", "diffpatterns_text",
)  # fmt: skip
refused("it runs code of another language", "python", "r", "csharp")
refused(
    "it asks a service outside of the estate",
    "azure_digital_twins_query_request", "cosmosdb_sql_request", "sql_request", "mysql_request", "postgresql_request",
    "dax_request", "http_request", "http_request_post", "ai_embed_text", "ai_chat_completion", "ai_chat_completion_prompt",
    "ai_embeddings",
)  # fmt: skip
refused("other clusters are out of reach", "execute_show_command", "execute_query")
refused("there is no storage outside of the estate", "infer_storage_schema", "infer_storage_schema_with_suggestions")
