/** `/hooks/{app}/{event}/{secret}`: outside services call an app's event. The URL itself is the key. */
import type { Hono } from "hono";
import type { AppPorts } from "../../apps/app-ports.ts";
import { acceptHook } from "../../apps/webhooks/accept.ts";
import { deliveryIdOf } from "../../apps/webhooks/hook.ts";
import type { HookRequest } from "../../apps/webhooks/trigger.ts";
import { HOOK_BYTES } from "../../event/limits.ts";
import { HttpError } from "./problem.ts";
import type { Http } from "./routes.ts";

export function hookRoutes(app: Hono<Http>, ports: AppPorts): void {
	app.all("/hooks/:scope/:name/:event/:secret", async ({ req, json }) => {
		const { scope, name, event, secret } = req.param();
		const request = await requestOf(req.raw);
		const called = { app: `${scope}/${name}`, event, secret };
		const deliveryId = deliveryIdOf(request);
		const accepted = await acceptHook(called, request, deliveryId, ports).catch(
			(error) => {
				// Nobody learns which apps there are.
				if (/^unknown_/.test(error.code)) return { type: "unknown" } as const;
				throw error;
			},
		);
		switch (accepted.type) {
			case "held":
				return json({ id: accepted.id }, 202);
			case "answered":
				return accepted.response;
			case "unknown":
				throw new HttpError("not_found", "there is no such webhook");
			case "closed":
				throw new HttpError(
					"gone",
					"the webhook is closed: nobody is subscribed to its event",
				);
			case "looked_at":
				throw new HttpError("method_not_allowed", `${req.method}: use POST`, {
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

/** Stops reading as soon as there is too much. @throws HttpError `content_too_large` */
async function bytesOf({ body }: Request): Promise<Uint8Array> {
	const parts: Uint8Array[] = [];
	let size = 0;
	for await (const part of body ?? []) {
		size += part.byteLength;
		if (size > HOOK_BYTES)
			throw new HttpError(
				"content_too_large",
				`the request has more than ${HOOK_BYTES} bytes`,
			);
		parts.push(part);
	}
	const bytes = new Uint8Array(size);
	let at = 0;
	for (const part of parts) {
		bytes.set(part, at);
		at += part.byteLength;
	}
	return bytes;
}
