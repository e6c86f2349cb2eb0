/** Says what the last action has done, after its redirect: `?done=discarded`. It shows none of the words of the URL. */
import { useView } from "../view.ts";

const TEXTS: Readonly<Record<string, string>> = {
	discarded: "The dead letter is discarded.",
	"delivery-cancelled": "The delivery is cancelled.",
	cancelled: "The event is cancelled. It will not be delivered.",
	"job-ended": "The job had already ended. There was nothing to stop.",
	rescheduled: "The event has a new due time.",
};

export function Done() {
	const text = TEXTS[useView().url.searchParams.get("done") ?? ""];
	if (text === undefined) return null;
	return (
		<p class="notice good" role="status">
			{text}
		</p>
	);
}
