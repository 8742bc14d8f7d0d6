// Libraries that pages load by a plain <script>; checked at their use by the tests in Chromium, not by tsc.
declare const L: any;
declare const pmtiles: any;
declare const BarcodeDetector: any;
