/** What the bench asks of its Worker, and the answers. Node and the Worker both import it, so it imports nothing. */

/** How much data the pages have. */
export interface Size {
	/** In the journal, over its retention of a week. */
	events: number;
	deadLetters: number;
	scheduled: number;
	/** Waiting deliveries. */
	deliveries: number;
	jobs: number;
	subscriptions: number;
}

export type Command =
	| { type: "fill"; size: Size }
	/** Changes a dead letter, so that no object returns what it has cached. */
	| { type: "change" }
	| { type: "open"; path: string; cookie: string; isLive: boolean };

/** An id of each kind, for the pages that show one, and the cookie of a session. */
export interface Filled {
	cookie: string;
	latestEvent: string;
	oldestEvent: string;
	deadLetter: string;
	scheduled: string;
	delivery: string;
	job: string;
}

/** What a page has read, and its size. */
export interface Opened {
	status: number;
	bytes: number;
	objectRequests: number;
	rowsRead: number;
}
