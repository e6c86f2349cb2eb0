/** The mark of Tidings, for the tab of the browser and the head of the navigation. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#4a63d8" stroke-width="2.5" stroke-linecap="round"><circle cx="6" cy="12" r="2.5" fill="#4a63d8"/><path d="M12 6.5a8 8 0 0 1 0 11M16.5 3.5a13 13 0 0 1 0 17"/></svg>`;
