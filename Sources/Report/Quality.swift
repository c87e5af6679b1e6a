/// Quality measures
