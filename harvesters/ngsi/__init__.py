"""Sources of kind ``ngsi``: context brokers that speak NGSIv2 or NGSI-LD."""
