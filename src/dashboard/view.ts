/** What every part of a page may need: where the dashboard is, who looks at it, and what time it is. */
import type { Context, Hono } from "hono";
import type { Caller } from "../entrypoints/http/keys.ts";
import type { Ports } from "../ports.ts";
import type { AssetPaths } from "./assets.ts";
import type { DashboardHost } from "./host.ts";

interface View {
	/** Where the dashboard is; links begin with it. */
	readonly base: string;
	/** The address of the page. */
	readonly url: URL;
	/** Of the HTTP API, such as `https://events.example.com`. */
	readonly api: string;
	readonly assets: AssetPaths;
	/** Absent before the sign-in. */
	readonly caller?: Caller;
	/** The token of this visitor's forms. */
	readonly token: string;
	/** Whether the visitor can sign out: with a session, and neither through Access nor on this machine. */
	readonly hasSession: boolean;
	/** The listed definitions of events. */
	readonly definitions: Ports["definitions"];
	/** Epoch milliseconds. */
	readonly now: number;
}

/** A form that was posted. */
export interface PostedForm {
	fields: URLSearchParams;
	/** Whether the form was rendered in the session of this request. Otherwise nothing may be done. */
	isOfSession: boolean;
}

/** The environment and the variables of a request in Hono. */
export interface DashboardEnv {
	Bindings: Cloudflare.Env;
	Variables: {
		view: View;
		/** Finds the caller again, for a response that lasts. Undefined once the session has ended. */
		callerNow(): Promise<Caller | undefined>;
		/** A form that was read before its route was reached: the visitor has signed in to send it. */
		form?: PostedForm;
	};
}

export type DashboardApp = Hono<DashboardEnv>;
export type PageContext = Context<DashboardEnv>;

/** Registers the routes of a page and of its forms. */
export type Page = (app: DashboardApp, host: DashboardHost) => void;

let current: View | undefined;

/** Renders an element as text. Rendering awaits nothing, so no other request can see this view. */
export function renderFor(view: View, element: { toString(): string }): string {
	current = view;
	try {
		return element.toString();
	} finally {
		current = undefined;
	}
}

/** The view of the page that is rendered now. */
export function useView(): View {
	if (current) return current;
	throw new Error("tidings: rendered outside of a page");
}

/** The caller, who has signed in. */
export function callerIn({ var: { view } }: PageContext): Caller {
	if (view.caller) return view.caller;
	throw new Error("tidings: this route is open to visitors");
}
