// What /phone/sw.js sets above the modules of the service worker.
declare const VERSION: string;
declare const FILES: string[];
