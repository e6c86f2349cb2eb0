/** The apps of the simulation and their events. Without the Worker `post`, its apps do not exist. */

/** An event of an app, with a webhook, polls and subscribers. */
export interface Source {
	app: string;
	event: string;
	/** Whether the app is in the Worker `post`. */
	isRemote: boolean;
}

/** Its webhook is signed. */
export const ORDERS: Source = {
	app: "@shop/orders",
	event: "placed",
	isRemote: false,
};

/** Its webhook has the id of the delivery in a header. */
export const INBOX: Source = {
	app: "@post/inbox",
	event: "arrived",
	isRemote: true,
};

export const SOURCES: readonly Source[] = [ORDERS, INBOX];

/** The tool that each subscriber has. */
export const TOOL = "note";

/** Apps that subscribe. */
export const SUBSCRIBERS = ["@shop/mail", "@shop/stock", "@post/print"];

/** Begins the names of the apps in the Worker `post`. */
export const REMOTE = "@post/";

/** The secret with which senders sign their calls. */
export const SIGNING_SECRET = "the secret of the sender";

/** The key with which the operator subscribes apps. */
export const ADMIN_KEY = "tid_operator_simulated";

export const ORIGIN = "https://shop.example";

/** The full name of an event, which is also the name of its object. */
export function nameOf({ app, event }: Source): string {
	return `${app}/${event}`;
}

/** Whether a handler is code of an app, such as `@shop/mail/note#1`. */
export function isOfApp(handler: string): boolean {
	return handler.startsWith("@");
}
