/** An asynchronous Standard Schema without a library. It accepts even numbers. */
export const even = {
	"~standard": {
		version: 1 as const,
		vendor: "test",
		async validate(value: unknown) {
			await Promise.resolve();
			return typeof value === "number" && value % 2 === 0
				? { value }
				: { issues: [{ message: "not even", path: ["half", { key: 0 }] }] };
		},
	},
};
