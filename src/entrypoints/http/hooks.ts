/** `/hooks/{app}/{event}/{secret}`: receives the webhook calls of other services. The URL itself is the secret. */
import type { Hono } from "hono";
import type { AppPorts } from "../../apps/app-ports.ts";
import { acceptWebhook } from "../../apps/webhooks/accept-webhook.ts";
import type { HookRequest } from "../../apps/webhooks/trigger.ts";
import { deliveryIdOf } from "../../apps/webhooks/webhook-module.ts";
import { HOOK_BYTES } from "../../event/limits.ts";
import { HttpError } from "./problem.ts";
import type { Http } from "./routes.ts";

export function hookRoutes(app: Hono<Http>, ports: AppPorts): void {
	app.all("/hooks/:scope/:name/:event/:secret", async ({ req, json }) => {
		const { scope, name, event, secret } = req.param();
		const request = await requestOf(req.raw);
		const called = { app: `${scope}/${name}`, event, secret };
		const deliveryId = deliveryIdOf(request);
		const accepted = await acceptWebhook(
			called,
			request,
			deliveryId,
			ports,
		).catch((error) => {
			// A caller must not find out which apps exist.
			if (/^unknown_/.test(error.code)) return { type: "unknown" } as const;
			throw error;
		});
		switch (accepted.type) {
			case "stored":
				return json({ id: accepted.id }, 202);
			case "answered":
				return accepted.response;
			case "unknown":
				throw new HttpError("not_found", "there is no such webhook");
			case "closed":
				throw new HttpError(
					"gone",
					"the webhook is closed, because its event has no subscribers",
				);
			case "get":
				throw new HttpError("method_not_allowed", `${req.method}; use POST`, {
					allow: "POST",
				});
			case "refused":
				throw new HttpError("unauthorized", "the request is not genuine");
		}
	});
}

async function requestOf(raw: Request): Promise<HookRequest> {
	const { method, headers, url } = raw;
	return {
		method,
		headers: Object.fromEntries(headers),
		query: Object.fromEntries(new URL(url).searchParams),
		bytes: await bytesOf(raw),
	};
}

/** Stops at the size limit, so that a large request does not exhaust the memory. @throws HttpError `content_too_large` */
async function bytesOf({ body }: Request): Promise<Uint8Array> {
	const chunks: Uint8Array[] = [];
	let size = 0;
	for await (const chunk of body ?? []) {
		size += chunk.byteLength;
		if (size > HOOK_BYTES)
			throw new HttpError(
				"content_too_large",
				`the request has more than ${HOOK_BYTES} bytes; send less`,
			);
		chunks.push(chunk);
	}
	const bytes = new Uint8Array(size);
	let position = 0;
	for (const chunk of chunks) {
		bytes.set(chunk, position);
		position += chunk.byteLength;
	}
	return bytes;
}
