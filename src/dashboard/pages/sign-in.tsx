/**
 * The sign-in with an API key, and the sign-out. A form that was sent after its session had ended is kept during the
 * sign-in, and is shown again afterwards: it is never carried out by the sign-in itself.
 */
import type { Next } from "hono";
import { HttpError } from "../../entrypoints/http/problem.ts";
import { limitSignIn } from "../../entrypoints/http/rate-limit.ts";
import { REQUEST_BYTES } from "../../event/limits.ts";
import { log } from "../../platform/log.ts";
import { render } from "../components/layout.tsx";
import { Form, readOwnForm, staleForm, tokenOf } from "../form.tsx";
import type { DashboardHost } from "../host.ts";
import { isStream, signedOut } from "../live.tsx";
import { type DashboardApp, type PageContext, useView } from "../view.ts";
import { signIn, signOut } from "../visitor.ts";

/** The field with the API key. No form of another page has a field of this name. */
const KEY = "key";

/** Bytes of a form that is kept during the sign-in, and of the sign-in itself. */
const MOST_KEPT = REQUEST_BYTES;

export function signInRoutes(app: DashboardApp, host: DashboardHost): void {
	const { path } = host;
	app.post("/sign-in", async (context) => {
		await limitSignIn(context.req.raw);
		const { fields, isOfSession } = await readOwnForm(context, REQUEST_BYTES);
		if (!isOfSession) throw staleForm();
		const next = pathIn(fields.get("next"), context, path);
		const wrong = await trySignIn(context, host, fields.get(KEY));
		return wrong === undefined
			? context.redirect(next, 303)
			: signInPage(context, { wrong, next });
	});

	app.post("/sign-out", async (context) => {
		const { isOfSession } = await readOwnForm(context, REQUEST_BYTES);
		if (!isOfSession) throw staleForm();
		signOut(context, path);
		return context.redirect(`${path}/`, 303);
	});
}

/** Shows the sign-in in place of every page. A form that was sent with an API key goes on to its page, as a draft. */
export async function requireSignIn(
	context: PageContext,
	next: Next,
	host: DashboardHost,
) {
	const { req, var: variables } = context;
	if (variables.view.caller) return next();
	if (isStream(context)) return signedOut(context);
	if (req.header("hx-request"))
		return context.text(
			"Your session has ended. Send the form to sign in",
			401,
		);
	if (req.method !== "POST") return signInPage(context, {});
	const posted = await keptForm(context);
	if (posted === undefined) return signInPage(context, { isLost: true });
	const { fields, isOfSession } = posted;
	const key = fields.get(KEY);
	fields.delete(KEY);
	if (key === null) return signInPage(context, { fields });
	await limitSignIn(req.raw);
	if (!isOfSession) throw staleForm();
	const wrong = await trySignIn(context, host, key);
	if (wrong !== undefined) return signInPage(context, { fields, wrong });
	// The person must see what the form does before it is done.
	context.set("form", { fields, isOfSession: false });
	return next();
}

/** Returns undefined for a form that is too long to be kept. */
async function keptForm(context: PageContext) {
	try {
		return await readOwnForm(context, MOST_KEPT);
	} catch (error) {
		if (error instanceof HttpError && error.code === "content_too_large")
			return undefined;
		throw error;
	}
}

/** Signs in, or returns why it is not possible. */
async function trySignIn(
	context: PageContext,
	{ ports, path }: DashboardHost,
	key: string | null,
): Promise<string | undefined> {
	try {
		const { caller, cookie } = await signIn(
			context,
			path,
			(key ?? "").trim(),
			ports.clock(),
		);
		if (cookie === undefined) {
			log("dashboard_sign_in_failed", { by: caller.id });
			return 'this key has neither the scope "read" nor "admin"; create one that has: npx tidings key oncall read';
		}
		log("dashboard_signed_in", { by: caller.id });
		const { view } = context.var;
		const token = await tokenOf(cookie);
		context.set("view", { ...view, caller, token, hasSession: true });
		return undefined;
	} catch (error) {
		if (!(error instanceof HttpError)) throw error;
		log("dashboard_sign_in_failed");
		return error.message;
	}
}

/** Only a page of this dashboard: a link must not lead a visitor elsewhere after the sign-in. */
function pathIn(
	next: string | null,
	{ req }: PageContext,
	path: string,
): string {
	const home = `${path}/`;
	if (next === null || !next.startsWith(home) || !URL.canParse(next, req.url))
		return home;
	const { origin, pathname, search } = new URL(next, req.url);
	// A path that begins with two slashes is the address of another host.
	const isOurs =
		origin === new URL(req.url).origin &&
		pathname.startsWith(home) &&
		!pathname.startsWith("//");
	return isOurs ? pathname + search : home;
}

interface SignInOptions {
	/** Why the key was not accepted. */
	wrong?: string;
	/** The page that follows, for a sign-in without a form. Default: the page that was asked for. */
	next?: string;
	/** The fields of the form that is kept. */
	fields?: URLSearchParams;
	/** Whether a form was too long to be kept. */
	isLost?: boolean;
}

/** Answers with the sign-in, at the address that the visitor wants to see. */
function signInPage(context: PageContext, options: SignInOptions) {
	return render(context, "Sign in", <SignIn {...options} />, 401);
}

function SignIn({ wrong, next, fields, isLost }: SignInOptions) {
	const { base, assets, url } = useView();
	const here = isLost ? `${base}/` : url.pathname + url.search;
	return (
		<main class="gate" id="content">
			<span class="brand">
				<img src={base + assets.icon} alt="" width="26" height="26" />
				Tidings
			</span>
			<div class="card">
				<h1>Sign in</h1>
				{fields && (
					<p class="notice">
						Your session has ended, so nothing was done. Sign in, and the form
						is shown again with what you typed.
					</p>
				)}
				{isLost && (
					<p class="notice">
						Your session has ended, so nothing was done. The form is longer than{" "}
						{MOST_KEPT / 1_024} KB, so it cannot be kept here: go back, and copy
						what you typed.
					</p>
				)}
				<Form to={fields ? url.pathname.slice(base.length) : "/sign-in"}>
					{fields ? (
						[...fields].map(([name, value]) => (
							<input type="hidden" name={name} value={value} />
						))
					) : (
						<input type="hidden" name="next" value={next ?? here} />
					)}
					<div class="field">
						<label for="key">API key</label>
						<input
							id="key"
							name={KEY}
							type="password"
							required={true}
							autocomplete="current-password"
							placeholder="tid_…"
							aria-describedby={wrong === undefined ? "hint" : "wrong hint"}
						/>
					</div>
					{wrong !== undefined && (
						<p class="wrong" id="wrong" role="alert">
							{wrong}
						</p>
					)}
					<button class="main" type="submit">
						Sign in
					</button>
				</Form>
				<p class="muted" id="hint">
					A key with the scope <code>read</code> or <code>admin</code>. Create
					one with <code>npx tidings key</code>.
				</p>
			</div>
		</main>
	);
}
