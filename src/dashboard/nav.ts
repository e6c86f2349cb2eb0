/** The pages that the navigation lists, in its order. A page without a line here is reached by links only. */
export const NAV: readonly {
	path: string;
	label: string;
	/** Only for callers who may publish some event. */
	needs?: "publish";
}[] = [
	{ path: "/overview", label: "Overview" },
	{ path: "/events", label: "Events" },
	{ path: "/dead-letters", label: "Dead letters" },
	{ path: "/deliveries", label: "Waiting" },
	{ path: "/scheduled", label: "Scheduled" },
	{ path: "/jobs", label: "Jobs" },
	{ path: "/handlers", label: "Handlers" },
	{ path: "/publish", label: "Publish", needs: "publish" },
	{ path: "/settings", label: "Settings" },
];
