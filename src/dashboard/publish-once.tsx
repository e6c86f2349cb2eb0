/**
 * Publishes from a form at most once: each rendered form has a key, so that a second click, or a form that is sent
 * again, opens the event of the first one. Without the object `Keys`, each of them publishes.
 */

import { RefusedError } from "../event/errors.ts";
import { isObjectDeclared } from "../platform/bindings.ts";
import type { Ports } from "../ports.ts";
import { publish } from "../publish/publish.ts";
import type { PublishRequest } from "../publish/request.ts";
import type { Draft } from "./form.tsx";

const FIELD = "once";

/** The key of a form. A form that is shown again keeps its key, unless the key belongs to another event. */
export function OnceField({ draft }: { draft: Draft | undefined }) {
	const given =
		draft?.wrong.code === "idempotency_conflict"
			? undefined
			: draft?.fields.get(FIELD);
	return (
		<input type="hidden" name={FIELD} value={given || crypto.randomUUID()} />
	);
}

/** Publishes the event of a form, and opens it. @throws as `publish` does */
export async function publishOnce(
	fields: URLSearchParams,
	request: PublishRequest,
	ports: Ports,
) {
	const idempotencyKey = fields.get(FIELD) || undefined;
	const keyed = isObjectDeclared("Keys")
		? { ...request, idempotencyKey }
		: request;
	try {
		const { id: target } = await publish(keyed, ports);
		return { to: `/events/${target}`, action: "publish", target };
	} catch (error) {
		if (!(error instanceof RefusedError)) throw error;
		throw inWordsOfAForm(error);
	}
}

function inWordsOfAForm(error: RefusedError): RefusedError {
	const { code } = error;
	if (code === "idempotency_conflict")
		return new RefusedError(
			code,
			"this form has already published another event; send it again to publish this one, too",
		);
	if (code === "idempotency_pending")
		return new RefusedError(
			code,
			"this form is being published; send it again in some seconds to open the event",
		);
	return error;
}
