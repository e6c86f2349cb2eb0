/** A finding of the doctor: an error of configuration or of deployment, with its remedy. Types only. */

export interface Finding {
	/** Stable, such as `consumer_missing`. */
	code: string;
	/** An `error` loses, delays or rejects something; a `warning` costs something. */
	severity: "error" | "warning";
	/** What is wrong, with its value. */
	problem: string;
	/** What to do. Lines to add follow its first line. */
	remedy: string;
}
