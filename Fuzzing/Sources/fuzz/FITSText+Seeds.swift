extension FITSText {
    /// Images, tables, strings, scaled integers and compressed tiles: accepted and refused files.
    static let seeds: [[UInt8]] = [
        """
        SIMPLE=T
        BITPIX=-32
        NAXIS=4
        NAXIS1=2
        NAXIS2=2
        NAXIS3=5
        NAXIS4=3
        EXTEND=T
        ~\u{3F}\u{1}\u{2}\u{3}
        XTENSION='BINTABLE'
        BITPIX=8
        NAXIS=2
        NAXIS1=68
        NAXIS2=3
        PCOUNT=0
        GCOUNT=1
        TFIELDS=4
        TTYPE1='magnitudes'
        TFORM1='5D      '
        TTYPE2='redshift'
        TFORM2='D       '
        TTYPE3='object_id'
        TFORM3='12A     '
        TTYPE4='number  '
        TFORM4='K       '
        ~@abcdefg
        """,
        """
        SIMPLE=T
        BITPIX=8
        NAXIS=0
        ~
        XTENSION='BINTABLE'
        BITPIX=8
        NAXIS=2
        NAXIS1=148
        NAXIS2=2
        PCOUNT=0
        GCOUNT=1
        TFIELDS=5
        TTYPE1='image   '
        TFORM1='20E     '
        TDIM1='(2,2,5)'
        TTYPE2='magnitudes'
        TFORM2='5E      '
        TTYPE3='redshift'
        TFORM3='D       '
        TTYPE4='object_id'
        TFORM4='A       '
        TTYPE5='flags   '
        TFORM5='19L     '
        EXTNAME='GALAXIES'
        ~A?
        """,
        """
        SIMPLE=T
        BITPIX=16
        NAXIS=2
        NAXIS1=2
        NAXIS2=2
        BSCALE=0.125
        BZERO=32768
        BLANK=-1
        EXTNAME='U       '
        ~12
        XTENSION='IMAGE   '
        BITPIX=16
        NAXIS=2
        NAXIS1=2
        NAXIS2=2
        PCOUNT=0
        GCOUNT=1
        EXTNAME='G       '
        ~\u{7F}\u{7F}
        """,
        """
        SIMPLE=T
        BITPIX=8
        NAXIS=0
        ~
        XTENSION='BINTABLE'
        BITPIX=8
        NAXIS=2
        NAXIS1=50
        NAXIS2=2
        PCOUNT=64
        GCOUNT=1
        TFIELDS=7
        TTYPE1='words   '
        TFORM1='8A4     '
        TTYPE2='heap    '
        TFORM2='1PE(4)  '
        TTYPE3='scaled  '
        TFORM3='2I      '
        TSCAL3=0.5
        TZERO3=1
        TNULL3=7
        TTYPE4='bits    '
        TFORM4='16X     '
        TTYPE5='complex '
        TFORM5='1C      '
        TTYPE6='small   '
        TFORM6='2B      '
        TZERO6=-128
        TTYPE7='wide    '
        TFORM7='1QK     '
        THEAP=100
        ~\u{0}\u{0}\u{0}\u{1}
        """,
        """
        SIMPLE=T
        BITPIX=8
        NAXIS=0
        ~
        XTENSION='BINTABLE'
        BITPIX=8
        NAXIS=2
        NAXIS1=8
        NAXIS2=2
        PCOUNT=40
        GCOUNT=1
        TFIELDS=1
        TTYPE1='COMPRESSED_DATA'
        TFORM1='1PB(20) '
        ZIMAGE=T
        ZCMPTYPE='RICE_1  '
        ZBITPIX=16
        ZNAXIS=2
        ZNAXIS1=4
        ZNAXIS2=2
        ZTILE1=4
        ZTILE2=1
        ZNAME1='BLOCKSIZE'
        ZVAL1=32
        ZNAME2='BYTEPIX '
        ZVAL2=2
        ~\u{0}\u{0}\u{0}\u{10}\u{0}\u{0}\u{0}\u{0}
        """,
        """
        SIMPLE=T
        BITPIX=8
        NAXIS=0
        ~
        XTENSION='BINTABLE'
        BITPIX=8
        NAXIS=2
        NAXIS1=24
        NAXIS2=2
        PCOUNT=40
        GCOUNT=1
        TFIELDS=3
        TTYPE1='COMPRESSED_DATA'
        TFORM1='1PB(20) '
        TTYPE2='ZSCALE  '
        TFORM2='1D      '
        TTYPE3='ZZERO   '
        TFORM3='1D      '
        ZIMAGE=T
        ZCMPTYPE='GZIP_2  '
        ZQUANTIZ='SUBTRACTIVE_DITHER_1'
        ZDITHER0=1
        ZBITPIX=-32
        ZNAXIS=3
        ZNAXIS1=2
        ZNAXIS2=2
        ZNAXIS3=2
        ZTILE1=2
        ZTILE2=2
        ZTILE3=1
        ~\u{0}\u{0}\u{0}\u{10}\u{0}\u{0}\u{0}\u{0}
        """,
        """
        SIMPLE=T
        BITPIX=8
        NAXIS=0
        ~
        XTENSION='TABLE   '
        BITPIX=8
        NAXIS=2
        NAXIS1=20
        NAXIS2=2
        PCOUNT=0
        GCOUNT=1
        TFIELDS=2
        TBCOL1=1
        TFORM1='I8      '
        TTYPE1='n       '
        TBCOL2=10
        TFORM2='F10.4   '
        TTYPE2='x       '
        ~12345678 1.25
        """,
        """
        SIMPLE=T
        BITPIX=-64
        NAXIS=1
        NAXIS1=3
        GROUPS=F
        ~@abcdefg
        XTENSION='IMAGE   '
        BITPIX=64
        NAXIS=1
        NAXIS1=3
        PCOUNT=0
        GCOUNT=1
        BZERO=9223372036854775808
        ~\u{7F}
        """,
    ].map { Array($0.utf8) }
}
