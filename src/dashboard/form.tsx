/**
 * Forms, and the actions that they post to. Each form has a token that is bound to the visitor's cookie. An action is
 * logged with its caller, and ends with a redirect.
 */

import type { PropsWithChildren } from "hono/jsx";
import { readForm } from "../entrypoints/http/input.ts";
import { type Caller, requireScope } from "../entrypoints/http/keys.ts";
import { HttpError } from "../entrypoints/http/problem.ts";
import { BODY_REQUEST_BYTES } from "../event/limits.ts";
import { checkPublisher } from "../event/permission.ts";
import { log } from "../platform/log.ts";
import { isEqual, sign } from "./session.ts";
import { callerIn, type PageContext, type Pages, useView } from "./view.ts";

const TOKEN = "token";

/** Separates these signatures from any other use of the cookie. */
const PURPOSE = "tidings dashboard form";

/** For a field that contains no prose. Hono would leave out `spellcheck={false}`. */
export const AS_TYPED: object = { autocomplete: "off", spellcheck: "false" };

/** The token of all forms of a visitor. */
export async function tokenOf(cookie: string): Promise<string> {
	return sign(Uint8Array.from(new TextEncoder().encode(cookie)), PURPOSE);
}

/** A form that posts to a path below that of the dashboard. */
export function Form({
	to,
	class: name,
	children,
}: PropsWithChildren<{ to: string; class?: string }>) {
	const { base, token } = useView();
	return (
		<form method="post" action={base + to} class={name}>
			<input type="hidden" name={TOKEN} value={token} />
			{children}
		</form>
	);
}

/**
 * Reads a form that was posted. Call it only for a caller who may do what the form asks for.
 *
 * @param limit in bytes
 * @throws HttpError `forbidden` unless a page of this dashboard posted it for this visitor
 */
export async function postedForm(
	{ req, var: { view } }: PageContext,
	limit: number,
): Promise<URLSearchParams> {
	const { raw } = req;
	const origin = raw.headers.get("origin");
	const site = raw.headers.get("sec-fetch-site");
	const isForeign =
		(origin !== null && origin !== view.url.origin) ||
		(site !== null && site !== "same-origin");
	if (isForeign)
		throw new HttpError(
			"forbidden",
			"another site posted this form; nothing was done",
		);
	const form = await readForm(raw, limit);
	if (!isEqual(form.get(TOKEN) ?? "", view.token))
		throw new HttpError(
			"forbidden",
			"this form is of an earlier session; nothing was done. Go back, reload the page and send it again",
		);
	return form;
}

/** An action that was carried out. */
interface Done {
	/** The path to go to, below that of the dashboard. */
	to: string;
	/** What was done, and to what, for the log. */
	action: string;
	target: string;
}

/**
 * Registers an action: what a form posts to. Nothing of the form is read of a caller who may not do it.
 *
 * @param needs `"publish"`: the caller may publish some event, and `act` checks which
 * @param act returns a page if the form has to be corrected
 */
export function action(
	app: Pages,
	path: string,
	needs: "admin" | "publish",
	act: (
		context: PageContext,
		form: URLSearchParams,
	) => Promise<Done | Response>,
): void {
	app.post(path, async (context) => {
		const caller = callerIn(context);
		if (needs === "admin") requireScope(caller, "admin");
		else checkPublisher(caller.publish, nameOf(caller));
		// An event of 256 KB may be a megabyte once it is percent-encoded.
		const form = await postedForm(context, BODY_REQUEST_BYTES);
		const done = await act(context, form);
		if (done instanceof Response) return done;
		const { to, action, target } = done;
		log("dashboard_action", { action, target, by: caller.id });
		return context.redirect(context.var.view.base + to, 303);
	});
}

/** A caller in errors. */
export function nameOf({ id }: Caller): string {
	return `the key ${JSON.stringify(id)}`;
}
