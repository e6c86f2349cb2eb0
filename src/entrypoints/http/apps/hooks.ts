/** `/hooks/{app}/{event}/{secret}`: receives the webhook calls of other services. The URL itself is the secret. */
import type { Context, Hono } from "hono";
import * as z from "zod";
import type { AppPorts } from "../../../apps/app-ports.ts";
import {
	acceptWebhook,
	EVENT_METHODS,
} from "../../../apps/webhooks/accept-webhook.ts";
import { UnavailableError } from "../../../event/errors.ts";
import { log } from "../../../platform/log.ts";
import { anyMethodRoute, appIn, appPaths, type Http } from "../operation.ts";
import { HttpError } from "../problem.ts";
import { limitRate } from "../rate-limit.ts";
import { StoredCall } from "./answers.ts";
import { boundedAnswer, handshakeAnswer } from "./hook-answer.ts";
import { readHookRequest } from "./hook-request.ts";

export function hookRoutes(app: Hono<Http>, ports: AppPorts): void {
	for (const path of appPaths("/hooks", "/:event/:secret"))
		anyMethodRoute(app, path, {
			id: "receiveWebhook",
			summary: "Receives a call of another service, by any method",
			access: "open",
			content: { "*/*": z.unknown() },
			isContentOptional: true,
			answers: { 200: "*/*", 202: StoredCall },
			answer: (context) => receive(context, ports),
		});
}

async function receive(
	context: Context<Http>,
	ports: AppPorts,
): Promise<Response> {
	const { req, json } = context;
	const { event = "", secret = "" } = req.param() as Record<string, string>;
	const called = { app: appIn(context), event, secret };
	const read = async () => {
		// Only now, so that a wrong URL cannot use up the webhook's limit.
		await limitRate("webhook", `${called.app}/${event}`);
		return readHookRequest(req.raw);
	};
	const accepted = await acceptWebhook(called, read, ports).catch((error) =>
		withoutText(error, `${called.app}/${event}`),
	);
	switch (accepted.type) {
		case "stored":
			return json({ id: accepted.id }, 202);
		case "answered":
			return boundedAnswer(accepted.response);
		case "unknown":
			throw new HttpError("not_found", "there is no such webhook");
		case "closed":
			throw new HttpError(
				"gone",
				"the webhook is closed, because its event has no subscribers",
			);
		case "no_event": {
			const answer = handshakeAnswer(req.raw, EVENT_METHODS);
			if (answer) return answer;
			const allow = EVENT_METHODS.join(", ");
			throw new HttpError(
				"method_not_allowed",
				`${req.method} is not a method of events; use ${allow}`,
				{ allow },
			);
		}
		case "refused":
			throw new HttpError("unauthorized", "the request is not genuine");
		case "failed":
			throw new HttpError(
				"webhook_failed",
				"the app's code failed; the log says why",
			);
	}
}

/**
 * A caller must not find out which apps and Workers exist, nor what their errors say.
 *
 * @param name that of the app's event, for the log
 */
function withoutText(
	error: { code?: unknown },
	name: string,
): { type: "unknown" } {
	if (error.code === "unknown_app" || error.code === "unknown_event")
		return { type: "unknown" };
	if (error.code !== "unavailable") throw error;
	log("webhook_unavailable", { name, error });
	throw new UnavailableError(
		"the webhook cannot store the call now; try again",
	);
}
