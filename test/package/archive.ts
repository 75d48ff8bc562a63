/**
 * How the archives of a release are packed: without owner and time, so that the same sources give the same bytes. The
 * time is npm's own. Maven leaves out a file from 1970, as Java takes that time for a file that is not there, and a ZIP
 * file holds none from before 1980.
 */
export const reproducible = { gzip: true, portable: true, mtime: new Date("1985-10-26T08:15:00Z") };
