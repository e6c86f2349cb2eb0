/** Keeps wrangler silent and offline. Import it before wrangler, which reads these variables once. */
const settings = {
	WRANGLER_LOG: "error",
	WRANGLER_WRITE_LOGS: "false",
	WRANGLER_SEND_METRICS: "false",
	WRANGLER_SEND_ERROR_REPORTS: "false",
	CLOUDFLARE_CF_FETCH_ENABLED: "false",
};

for (const [name, value] of Object.entries(settings))
	process.env[name] ??= value;
