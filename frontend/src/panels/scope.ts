export const lastMinutes = (minutes: number): string => `last ${minutes} minutes`;
